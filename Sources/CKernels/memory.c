// What the system would give.
#include <sys/mman.h>

#include "CKernels.h"

int keel_has_room(size_t bytes) {
  if (bytes == 0) return 1;
  void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (place == MAP_FAILED) return 0;
  munmap(place, bytes);
  return 1;
}
