"""The verb ``whatif``: its options, and what it does with them."""
