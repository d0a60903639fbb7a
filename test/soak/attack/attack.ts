/**
 * The attacker's process, apart from those who measure: `attack.ts LEVER SECONDS TARGET`, the target as JSON.
 * Prints what came of it, by count.
 */
import { setPriority } from 'node:os'
import { Attacker } from './attacker.ts'
import type { Target } from './target.ts'
import { LEVERS } from './levers.ts'

/** So that on few processors it takes no time from those who measure. */
const LOWEST_PRIORITY = 19

const [name, seconds, target] = process.argv.slice(2)
const lever = LEVERS.find((one) => one.name === name)
if (lever === undefined || target === undefined) {
  console.error('attack.ts LEVER SECONDS TARGET')
  process.exit(2)
}
setPriority(LOWEST_PRIORITY)
const attacker = new Attacker(JSON.parse(target) as Target, Number(seconds))
await attacker.attempt(() => lever.pull(attacker))
// What is held open is held until the end.
await attacker.wait()
console.log(JSON.stringify(Object.fromEntries(attacker.outcomes)))
process.exit(0)
