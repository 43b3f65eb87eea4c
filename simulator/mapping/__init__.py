"""From a graph to kernels on a platform: lowering, partition, fusion, placement. The engines are generic."""
