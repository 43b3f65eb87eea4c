"""The size of weights and scales once Vela has encoded them."""
