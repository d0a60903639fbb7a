/** The cases of the suite on each engine that there is, and on those that tests have. */
import { engineCases } from '../suite/engine.ts'

for (const name of ['embedded', 'scrambled', 'late', 'pair'] as const) engineCases(name)
