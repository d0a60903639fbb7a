/** Which engine the servers of a test run have: `TEST_ENGINE` of its environment names it; the embedded one if nothing does. */
import type { Surroundings } from '../../../src/assembly/parts.ts'
import type { MakeEngine } from '../../../src/engine/embedded.ts'
import { EmbeddedEngine } from '../../../src/engine/embedded.ts'
import { TestCluster } from '../cluster.ts'
import { lateFinder } from './late-finder.ts'
import { LateEngine } from './late.ts'
import { ScrambledEngine } from './scrambled.ts'

/** What a server has to do with other nodes. */
export type TestNodes = Pick<Surroundings, 'cluster' | 'makeFinder'>

const ENGINES = {
  embedded: (clock, positions) => new EmbeddedEngine(clock, positions),
  scrambled: (clock, positions) => new ScrambledEngine(new EmbeddedEngine(clock, positions)),
  late: (clock, positions) =>
    new LateEngine(new ScrambledEngine(new EmbeddedEngine(clock, positions))),
} satisfies Record<string, MakeEngine>

export type EngineName = keyof typeof ENGINES

export function makerOf(name: EngineName): MakeEngine {
  return ENGINES[name]
}

/** @throws where the environment names one that does not exist, which would run the wrong tests without a word */
export function chosenEngine(): MakeEngine {
  const name = process.env['TEST_ENGINE'] ?? 'embedded'
  if (!Object.hasOwn(ENGINES, name)) throw new Error(`TEST_ENGINE names no engine: ${name}`)
  return makerOf(name as EngineName)
}

/** An engine that answers later has other nodes beside it: what is asked of them is answered later, too. */
export function chosenNodes(): TestNodes {
  if (process.env['TEST_ENGINE'] !== 'late') return {}
  return {
    makeFinder: lateFinder,
    cluster: (handlers) => new TestCluster().join('alone', handlers),
  }
}
