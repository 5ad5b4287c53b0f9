// Every kernel, for one level: what includes this has said what KEEL_KERNEL makes of a definition.
#include "Kernels.h"

/// Floats that one instruction of the level works on.
#ifndef KEEL_VECTOR
#define KEEL_VECTOR 4
#endif

#include "tiles.c"

#include "activations.c"
#include "convolution.c"
#include "direct.c"
#include "elementwise.c"
#include "embedding.c"
#include "group_norm.c"
#include "layer_norm.c"
#include "losses.c"
#include "moments.c"
#include "normalization.c"
#include "optimizers.c"
#include "panels.c"
#include "pooling.c"
#include "products.c"
#include "random.c"
#include "recurrence.c"

// After what it calls.
#include "attention.c"
