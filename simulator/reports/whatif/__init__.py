"""Reports on what-ifs: tables for people, records and rows for programs."""
