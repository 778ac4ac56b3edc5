/** How the built command line of the simulator is run. */

/**
 * MiB of each half of V8's nursery. What is on its way between peers lives there: it must not be turned over within the delay of a
 * message, or every message is kept until the whole heap is looked through (10,000 peers turn 64 MiB over in 85 ms of their time).
 */
const NURSERY_MIB = 256
/** MiB of its heap. 10,000 peers are less than 4 GB of live objects; V8 stops at 4 GiB unless told, and collects most of the time near its limit. */
const HEAP_MIB = 12_288

export const simulatorFlags = [`--max-semi-space-size=${NURSERY_MIB}`, `--max-old-space-size=${HEAP_MIB}`]
