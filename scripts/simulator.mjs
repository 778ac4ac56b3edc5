/** How the built command line of the simulator is run. */

/** MiB of each half of V8's nursery: most of what a simulated message leaves behind dies young (a sixth less time). */
const NURSERY_MIB = 64

export const simulatorFlags = [`--max-semi-space-size=${NURSERY_MIB}`]
