/** The measured process of `capability.ts`: `capability-worker.ts LINES SECONDS` prints the ns per check. */
import { readCapability } from '../../src/policy/capability/capability.ts'
import { CapabilityChecker } from '../../src/policy/capability/checker.ts'

/** As many channels as a busy server has people on at a time. */
const NAMES = 10_000

const lines = Number(process.argv[2])
const seconds = Number(process.argv[3])

const checker = new CapabilityChecker(capabilityOf(lines))
const names = channels(lines)
// The second run counts: by then the code is compiled.
run()
console.log(run())

/** A line is all rooms of a team. */
function capabilityOf(count: number) {
  const resources = Array.from({ length: count }, (_, team) => [
    `team-${team}:*`,
    ['publish', 'subscribe', 'presence'],
  ])
  const read = readCapability(Object.fromEntries(resources))
  if (!read.ok) throw new Error(read.failure.message)
  return read.value
}

/** Every third is of somebody who has no line. */
function channels(among: number): string[] {
  return Array.from({ length: NAMES }, (_, i) => {
    const team = Math.floor(Math.random() * among)
    return `${i % 3 === 0 ? 'guest' : 'team'}-${team}:room-${i % 100}`
  })
}

function run(): number {
  const start = performance.now()
  let checked = 0
  while (performance.now() - start < seconds * 1000) checked += checkAll()
  return ((performance.now() - start) * 1e6) / checked
}

function checkAll(): number {
  let permitted = 0
  for (const name of names) if (checker.permits(name, 'publish')) permitted++
  if (permitted !== names.length - Math.ceil(names.length / 3))
    throw new Error('not the channels that are to be permitted')
  return names.length
}
