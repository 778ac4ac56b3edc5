/** How the built command line of the simulator is run. */

/** MiB of each half of V8's nursery: most of what a simulated message leaves behind dies young (a sixth less time). */
const NURSERY_MIB = 64
/** MiB of its heap: what 10,000 peers may take. V8 stops at 4 GiB unless told, and collects all the time before that. */
const HEAP_MIB = 8_192

export const simulatorFlags = [`--max-semi-space-size=${NURSERY_MIB}`, `--max-old-space-size=${HEAP_MIB}`]
