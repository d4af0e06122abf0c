// Package guesttest holds engines to what package guest says of them. The tests of every engine run the same
// three things:
//
//   - [Suite] is conformance: what calls answer, their faults, limits, host functions, clocks, randomness,
//     usage and closing.
//   - [Isolation] plants random words in call after call, ends the calls in every way there is, and looks for
//     the words in all of the memory that later calls can see.
//   - [RunAttacks] hands over the modules of [Attacks], and measures: each is refused or stopped in time, the
//     host's other goroutines keep running, memory comes back, and the next guest is served.
//
// Beside them it has what tests of one engine need too: [Guest] and its calls, and a [Cache] of compiled code.
//
// PATCHBAY_TRIALS=full in the environment runs ten times as many calls, larger modules, and the bounds that
// hold on a quiet machine. PATCHBAY_ATTACKS names a file for the table of attacks, in Markdown.
//
// Not for use outside this module.
package guesttest
