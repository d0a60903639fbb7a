/**
 * Holds our server against a bare `Bun.serve` that publishes the same bytes, or against another checkout of it,
 * in one run on one machine.
 *
 *   bun test/bench/run.ts [names...] [--against FOLDER] [--rounds N] [--quick] [--json FILE] [--profile FOLDER] [--self-check]
 *
 * How it measures, and how to read it:
 * - A round starts a fresh server process of each variant; who is first alternates between rounds. Where it
 *   can be done both stand side by side and are measured in turns of a fraction of a second, because a
 *   shared machine changes its speed by a quarter from one second to the next.
 * - Cells are `median [least-most]` over the rounds, a ratio is the median of the rounds' own ratios.
 * - The generator is this process. Its clients are raw TCP sockets that count bytes, and every part ends with
 *   a check that exactly the bytes arrived that all deliveries together have. Where `taskset` exists,
 *   the servers run on core 0 and the generator on core 1.
 * - "load of the server" is its share of a core: well below 1, a rate says more about the generator (or,
 *   with one message in flight, about waiting) than about the server, and CPU per delivery counts.
 * - "1 in flight" publishes when everybody has the message before: one write of the kernel per delivery.
 *   "100 in flight" keeps a hundred undelivered, which lets Bun join the frames of a socket into one write.
 * - CPU is user and system time of the server process, in steps of 10 ms. Memory is its resident size.
 * - `--self-check` puts the bare server, or the other checkout, on both sides: ratios away from 1 are the error
 *   of the method.
 * - `--against FOLDER` runs the server of another checkout, with what it knows of the same settings, in the place of
 *   the bare one. "No slower" is a ratio of 0.97, or one within what `--self-check` shows on the same day.
 */
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { realtime } from './ably/benchmarks.ts'
import type { Benchmark, Pair, Scale, Variant } from './benchmark.ts'
import { capability } from './capability.ts'
import { channels } from './channels.ts'
import { fanout, sweep } from './fanout.ts'
import { history } from './history-page.ts'
import { joins } from './joins.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { policy } from './policy.ts'
import { publish } from './publish.ts'
import { push } from './push.ts'
import { restPublish } from './rest-publish.ts'
import { rooms } from './rooms.ts'
import { type Report, type Run, runBenchmark } from './runner.ts'
import { canPin, hasProc, killServers, pinGenerator, profileInto, THIS_CHECKOUT } from './server.ts'
import { stalled } from './stalled.ts'
import { NO_SLOWER } from './table.ts'

const BENCHMARKS: readonly Benchmark[] = [
  fanout,
  rooms,
  latency,
  joins,
  push,
  restPublish,
  history,
  memory,
  stalled,
  ...publish,
  ...sweep,
  ...realtime,
  channels,
  policy,
  capability,
]
const FULL: Scale & { rounds: number } = { seconds: 0.25, quick: false, rounds: 5 }
const QUICK: Scale & { rounds: number } = { seconds: 0.1, quick: true, rounds: 1 }

const OPTIONS = {
  against: { type: 'string' },
  rounds: { type: 'string' },
  quick: { type: 'boolean' },
  json: { type: 'string' },
  profile: { type: 'string' },
  'self-check': { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const USAGE = `bun test/bench/run.ts [names...] [options]

Compares our server with a bare Bun.serve that publishes the same bytes, or with another checkout of it.

  --against FOLDER  another checkout, with its packages installed, in the place of the bare server; each
                    figure is then held against the other's: no slower is ${NO_SLOWER} of it, or within what
                    --self-check shows on the same day
  --rounds N        rounds of each benchmark (${FULL.rounds}; some do fewer)
  --quick           one short round of each, without the crowds of 10,000
  --json FILE       write all samples and figures to a file
  --profile FOLDER  write CPU profiles of our server; figures are not to be trusted then
  --self-check      the bare server or the other checkout on both sides: the error of the method itself
  --help            this text

${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(26)} ${summary}`).join('\n')}
`

process.on('exit', killServers)
process.on('SIGINT', () => process.exit(130))
process.exit(await main())

/** Exit code: 0 when every target was reached, or none was asked for, 1 when one was missed, 2 for wrong arguments. */
async function main(): Promise<number> {
  const { values, positionals } = readArguments()
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const preset = values.quick ? QUICK : FULL
  const rounds = Number(values.rounds ?? preset.rounds)
  const unknown = positionals.find((name) => !BENCHMARKS.some((one) => one.name.startsWith(name)))
  if (unknown !== undefined) return complain(`there is no benchmark "${unknown}"`)
  if (!Number.isInteger(rounds) || rounds < 1)
    return complain('--rounds must be a whole number from 1')
  const { against } = values
  if (against !== undefined && !existsSync(join(against, 'src/main.ts')))
    return complain(`there is no checkout in "${against}"`)
  if (!hasProc()) return complain('the figures come from /proc, so this needs Linux')

  pinGenerator()
  if (values.profile) profileInto(values.profile)
  console.log(`${describeMachine()}\n`)
  const run: Run = {
    rounds,
    scale: preset,
    variants: contestants(against, values['self-check'] === true),
    question: against === undefined ? 'target' : 'no slower',
  }
  const reports: Report[] = []
  for (const benchmark of chosen(positionals, preset.quick)) {
    reports.push(await runBenchmark(benchmark, run))
  }
  if (values.json) {
    await Bun.write(values.json, JSON.stringify({ machine: describeMachine(), reports }, null, 2))
  }
  return summarise(reports, run)
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true })
  } catch (error) {
    process.exit(complain(String(error)))
  }
}

function complain(complaint: string): number {
  console.error(complaint)
  return 2
}

/** A name also chooses what begins with it: `sweep` means all three, `realtime` all of that protocol. */
function chosen(names: readonly string[], quick: boolean): readonly Benchmark[] {
  if (names.length === 0)
    return BENCHMARKS.filter((one) => !(quick && one.name.endsWith('sweep-10000')))
  return BENCHMARKS.filter((one) => names.some((name) => one.name.startsWith(name)))
}

function contestants(against: string | undefined, isSelfCheck: boolean): Pair<Variant> {
  const checkout = THIS_CHECKOUT
  const other: Variant =
    against === undefined
      ? { kind: 'bare', checkout, heading: 'bare Bun.serve' }
      : { kind: 'ours', checkout: resolve(against), heading: `checkout in ${against}` }
  const heading = against === undefined ? 'latchkey' : 'this checkout'
  return { ours: isSelfCheck ? other : { kind: 'ours', checkout, heading }, other }
}

function describeMachine(): string {
  const [processor] = cpus()
  const cores = canPin()
    ? 'server on core 0, generator on core 1'
    : 'no taskset or a single core: server and generator compete for processors'
  return `Bun ${Bun.version}, ${cpus().length} x ${processor?.model ?? 'unknown processor'}; ${cores}`
}

function summarise(reports: readonly Report[], { question }: Run): number {
  const rows = reports.flatMap((report) => report.figures)
  const verdicts = rows.flatMap(({ verdict }) => verdict ?? [])
  const missed = verdicts.filter((verdict) => !verdict.pass).length
  if (question === 'no slower') {
    console.log(
      `${verdicts.length - missed} figures are at least ${NO_SLOWER} of the other's, ${missed} below`,
    )
    return 0
  }
  console.log(`${verdicts.length - missed} targets reached, ${missed} missed`)
  return missed === 0 ? 0 : 1
}
