"""The cost model: a file named after each kernel model holds its parameters, its cost function and its registration."""
