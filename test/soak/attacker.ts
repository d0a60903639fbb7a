/**
 * Attacks a server with everything that strangers, token holders and key holders have, at default limits, and says
 * what somebody else there notices of it.
 *
 *   bun test/soak/attacker.ts [levers...] [--checkout FOLDER | --binary FILE] [--seconds N] [--profile FOLDER] [--json FILE]
 *
 * How to read the table:
 * - Every lever has a fresh server, where a pair of clients of itty-sockets and a client of another app echo a
 *   hundred times a second. "itty" and "Ably" are their worst echoes in milliseconds while it is pulled, and a second
 *   longer.
 * - The attacker has a process of its own, of the lowest priority, and an address of its own.
 * - "work" is what the thread that serves worked at the most between something that was said and its echo: what is more
 *   in an echo than that, other programs on the machine have caused.
 * - "own" is for how long the measuring process itself stood still at the most. An echo cannot be known better.
 * - Memory is resident, before the attack, at its most and a second after it; "log" is what was logged meanwhile.
 * - Harm is what an attacker took from its neighbours: messages, their resume, room for somebody new.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { LEVERS } from './attack/levers.ts'
import type { Lever } from './attack/lever.ts'
import { pull, type Result } from './attack/run.ts'
import { checkoutProgram, profiled, Stage } from './attack/subject.ts'
import { heading, line } from './attack/table.ts'

const SECONDS = 4
const OPTIONS = {
  checkout: { type: 'string', default: `${import.meta.dir}/../..` },
  binary: { type: 'string' },
  seconds: { type: 'string', default: String(SECONDS) },
  profile: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean' },
} as const

const USAGE = `bun test/soak/attacker.ts [levers...] [options]

Attacks a server and says what others there notice of it. A name also chooses all that begin with it.

  --checkout FOLDER  the sources whose server is attacked, with their packages installed (this checkout)
  --binary FILE      an executable of "bun run build" instead
  --seconds N        how long each lever is pulled (${SECONDS})
  --profile FOLDER   write a CPU profile of each server; figures are not to be trusted then
  --json FILE        write all findings to a file
  --help             this text

${LEVERS.map(({ name, who, summary }) => `  ${name.padEnd(28)} ${who}: ${summary}`).join('\n')}
`

process.exit(await main())

/** Exit code: 0 when all was tried, whatever came of it, 2 for wrong arguments. */
async function main(): Promise<number> {
  const read = readArguments()
  if (typeof read === 'string') {
    console.error(read)
    return 2
  }
  const { values, levers } = read
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const { binary, checkout, profile } = values
  // It is started in another folder.
  const program = binary === undefined ? checkoutProgram(checkout) : [resolve(binary)]
  const profiler = profile === undefined ? undefined : profiled(program, profile)
  const stage = await Stage.make(program)
  const results: Result[] = []
  console.log(heading())
  try {
    for (const lever of levers) {
      const result = await pull(stage, lever, Number(values.seconds), profiler)
      results.push(result)
      console.log(line(result))
    }
  } finally {
    stage.remove()
  }
  if (values.json) await Bun.write(values.json, JSON.stringify(results, null, 2))
  return 0
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true })
    const unknown = positionals.find((name) => chosen([name]).length === 0)
    if (unknown !== undefined) return `there is no lever "${unknown}"`
    if (!(Number(values.seconds) > 0)) return '--seconds must be a number above 0'
    if (values.profile !== undefined && values.binary !== undefined)
      return 'a profile is made of sources, not of an executable'
    return { values, levers: positionals.length === 0 ? LEVERS : chosen(positionals) }
  } catch (error) {
    return String(error)
  }
}

function chosen(names: readonly string[]): readonly Lever[] {
  return LEVERS.filter((lever) => names.some((name) => lever.name.startsWith(name)))
}
