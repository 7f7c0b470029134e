// Package erase forgets what work with a secret leaves in registers and on the stack, where the code that put it there
// cannot wipe it: the blocks of a hash, and what a compiler spills. Buffers are wiped by those who made them.
package erase
