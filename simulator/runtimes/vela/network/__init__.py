"""A network as Vela sees it before it schedules: its order of execution, how tensors are stored, and its operators."""
