/** Applies the lists of steps that stand in a file, in a process of its own; writes what became of them to another. */
import { deserialize, serialize } from 'bun:jsc'
import { type Surroundings, replayed, turnedRound } from './replay.ts'
import type { Step } from './steps.ts'

export interface Job {
  readonly surroundings: Surroundings
  readonly isTurned: boolean
  readonly lists: readonly (readonly Step[])[]
}

const [from, to] = process.argv.slice(2)
const { isTurned, lists, surroundings } = deserialize(await Bun.file(from!).arrayBuffer()) as Job
const results = lists.map((steps) =>
  replayed(
    surroundings,
    isTurned ? steps.map((step) => ({ ...step, entry: turnedRound(step.entry) })) : steps,
  ),
)
await Bun.write(to!, serialize(results))
