// The kernels for x86-64-v4: AVX-512, with its masks and twice the registers.
#include "Levels.h"

#if KEEL_HAS_LEVELS
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4"))), apply_to = function)
#define KEEL_KERNEL(result, name, parameters, arguments) result name##_v4 parameters
#define KEEL_VECTOR 16
#include "../Kernels/All.h"
#pragma clang attribute pop
#endif
