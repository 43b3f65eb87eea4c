"""Output of vendors' tools, in the form that they document."""

from __future__ import annotations

# snpe-throughput-net-run of SNPE 1.x and 2.x prints a line like this for each thread, then the sum.
SNPE = """
[Thread 0 - dsp_fixed8_tf] 250.000 infs/sec - Number of images processed: 2500 - Build time: 48593 microseconds - \
Elapsed time: 10020649 microseconds - Real time: 10000000 microseconds - Teardown time: 8047 microseconds - Batch : 1
Total throughput: 250.000 infs/sec
"""

# RKNN Toolkit 1.x, as in rockchip-linux/rknn-toolkit#388; without perf_debug the total alone.
RKNN = """
========================================================================
                               Performance
        #### The performance result is just for debugging, ####
        #### may worse than actual performance!            ####
========================================================================
Layer ID    Name                                         Operator            Uid       Time(us)
0           MobilenetV1/MobilenetV1/Conv2d_0/Relu6_1     TENSOR_TRANS        60        361
            _RKNN_mark_perm_60_0
2           MobilenetV1/MobilenetV1/Conv2d_0/Relu6_1     CONVOLUTION         1         920
            _2
Total Time(us): 1281
FPS: 780.64
========================================================================
"""

# lib/drivers/kpu.c of the K210's standalone SDK with KPU_DEBUG, two runs.
K210 = """layer 0 [K210Conv]: 3.250000 ms
layer 1 [GAP]: 0.750000 ms
KPU: 3.250000 ms
CPU: 0.750000 ms
Model: 4.000000 ms
layer 0 [K210Conv]: 3.500000 ms
layer 1 [GAP]: 0.700000 ms
KPU: 3.500000 ms
CPU: 0.700000 ms
Model: 4.200000 ms
"""
