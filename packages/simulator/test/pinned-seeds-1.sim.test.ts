// Half of the pinned seeds, for one core. 4: a living peer that was taken for dead was not believed to live for two minutes.

import { describePinnedSeeds } from './pinned-seeds.ts'

describePinnedSeeds([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
