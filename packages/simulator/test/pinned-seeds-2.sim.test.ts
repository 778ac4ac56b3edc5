// Half of the pinned seeds, for the other core. 11, 12, 15 and 16 found what 4 did.

import { describePinnedSeeds } from './pinned-seeds.ts'

describePinnedSeeds([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
