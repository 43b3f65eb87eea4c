"""The verb that lists platforms, and how every verb prints its report."""
