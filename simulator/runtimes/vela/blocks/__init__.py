"""The pieces of a feature map, called blocks, that an Ethos-U computes at one time, chosen as Vela chooses them."""
