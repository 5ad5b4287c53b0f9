#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdint.h>

/// How often this thread has asked the system for memory; 0 for ever where that cannot be counted.
int64_t allocations_of_this_thread(void);
/// Whether it can.
int allocations_are_counted(void);

#endif
