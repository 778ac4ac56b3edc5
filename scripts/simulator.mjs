/** How the built command line of the simulator is run. */

/** MiB of each half of V8's nursery: most of what a simulated message leaves behind dies young (a sixth less time). */
const NURSERY_MIB = 64
/** MiB of its heap. 10,000 peers are 4.3 GB of live objects; V8 stops at 4 GiB unless told, and near its limit does hardly anything but collect. */
const HEAP_MIB = 16_384

export const simulatorFlags = [`--max-semi-space-size=${NURSERY_MIB}`, `--max-old-space-size=${HEAP_MIB}`]
