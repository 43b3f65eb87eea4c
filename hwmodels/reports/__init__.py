"""What people read about platforms, and how blocks of a report look."""
