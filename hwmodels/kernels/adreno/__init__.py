"""Kernel models of OpenCL kernels that read texels on an Adreno GPU."""
