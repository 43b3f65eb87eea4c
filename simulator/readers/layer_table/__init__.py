"""Layer tables: many networks in one CSV or Parquet file, a row per layer."""
