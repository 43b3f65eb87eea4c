"""What Vela decides when it compiles for an Ethos-U: blocks, layouts, stripes, and what is kept or copied where."""
