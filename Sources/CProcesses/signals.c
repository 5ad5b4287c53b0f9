#include "CProcesses.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

// Where the handler writes: it may do little else.
static volatile sig_atomic_t note_end = -1;

static void note_signal(int number) {
  int before = errno;
  unsigned char byte = (unsigned char)number;
  ssize_t written = write(note_end, &byte, 1);
  (void)written;
  errno = before;
}

int keel_note_signals(const int *numbers, int count) {
  int ends[2];
  if (pipe(ends)) return -1;
  for (int i = 0; i < 2; i++) {
    fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    fcntl(ends[i], F_SETFL, O_NONBLOCK);
  }
  note_end = ends[1];
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < count; i++) sigaction(numbers[i], &action, NULL);
  return ends[0];
}

void keel_obey_signals(const int *numbers, int count) {
  for (int i = 0; i < count; i++) signal(numbers[i], SIG_DFL);
  int end = note_end;
  note_end = -1;
  close(end);
}
