/** How the built command line of the simulator is run. */

/** MiB of each half of V8's nursery: most of what a simulated message leaves behind dies young (a sixth less time). */
const NURSERY_MIB = 64
/**
 * MiB of its heap. V8 stops at 4 GiB unless told, and near its limit does hardly anything but collect; 10,000 peers are less than
 * 4 GB of live objects, and with bytes outside the heap the process stays below 8 GiB.
 */
const HEAP_MIB = 7_168

export const simulatorFlags = [`--max-semi-space-size=${NURSERY_MIB}`, `--max-old-space-size=${HEAP_MIB}`]
