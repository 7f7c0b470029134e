//go:build cgo

package main

// #include <malloc.h>
//
// // With one arena, the C library does not map and unmap 128 MiB for each thread that Go starts: that would take a
// // fifth of the time of printing a code.
// __attribute__((constructor)) static void one_arena(void) {
// #ifdef M_ARENA_MAX
// 	mallopt(M_ARENA_MAX, 1);
// #endif
// }
import "C"
