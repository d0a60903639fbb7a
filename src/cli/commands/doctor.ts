/** `latchkey doctor`: prints what the checks find, and fails when something is wrong. */
import { readFileSync } from 'node:fs'
import type { Config } from '../../config.ts'
import { type Options, examine } from '../../ops/doctor/doctor.ts'
import { type Finding, errorText } from '../../ops/doctor/finding.ts'
import { parseTarget } from '../../ops/doctor/target.ts'
import { readOriginPattern } from '../../policy/origin.ts'
import { type Command, type CommandContext, EXIT } from '../command.ts'
import type { Lines } from '../output.ts'
import { checkReservedNames } from '../doctor-checks/reserved-names.ts'
import { checkRunningServer } from '../doctor-checks/running-server.ts'

const MAX_IDLE_SECONDS = 86_400

export const doctor: Command = {
  name: 'doctor',
  summary: 'Say what is wrong when clients cannot connect, and which lines to change',
  positionals: ['[URL]'],
  options: [
    {
      name: 'origin',
      value: 'ORIGIN',
      description: 'Origin of the page that connects; that of URL when left out',
    },
    {
      name: 'idle',
      value: 'SECONDS',
      description: 'How long to watch a quiet socket; 30 when left out, 0 not at all',
    },
    { name: 'ca', value: 'FILE', description: 'PEM file of an authority to trust as well' },
  ],
  settings: 'all',
  run: async (context) => {
    const options = readOptions(context)
    if (typeof options === 'string') {
      context.output.complain(options)
      return EXIT.usage
    }
    const findings: Finding[] = []
    for await (const finding of allFindings(context.config, options)) {
      findings.push(finding)
      context.output.say(findingText(finding))
      if (!(await context.output.isHeard())) return EXIT.failed
    }
    const wrong = findings.filter((finding) => finding.verdict === 'wrong').length
    context.output.result({ ok: wrong === 0, findings }, summary(wrong))
    return wrong === 0 ? EXIT.done : EXIT.failed
  },
}

async function* allFindings(config: Config, options: Options): AsyncGenerator<Finding> {
  yield* checkReservedNames(config)
  yield* await checkRunningServer(config)
  yield* examine(config, options)
}

/** The options, or what is wrong with them. */
function readOptions({ positionals: [url], options }: CommandContext): Options | string {
  const { idle, origin, ca } = options
  if (url !== undefined && !parseTarget(url)) return 'URL must be an http, https, ws or wss address'
  if (idle !== undefined && !/^\d+(\.\d+)?$/.test(idle)) return '--idle must be a number of seconds'
  if (Number(idle) > MAX_IDLE_SECONDS) return `--idle must be at most ${MAX_IDLE_SECONDS} seconds`
  const page = origin === undefined ? undefined : readOriginPattern(origin)
  if (page && (!page.ok || page.value.includes('*')))
    return '--origin must be an origin such as https://my.site'
  const authorities = ca === undefined ? undefined : readPem(ca)
  if (authorities instanceof Error) return `--ca cannot be read (${errorText(authorities)})`
  return {
    ...(url !== undefined && { url }),
    ...(page?.ok && { origin: page.value }),
    ...(idle !== undefined && { idleSeconds: Number(idle) }),
    ...(authorities !== undefined && { authorities }),
  }
}

function readPem(path: string): string | Error {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const WIDEST_VERDICT = 'warning'.length
const WIDEST_CHECK = 'configuration'.length

function findingText({ check, verdict, message, fix = [] }: Finding): Lines {
  const head = `${verdict.padEnd(WIDEST_VERDICT)}  ${check.padEnd(WIDEST_CHECK)}  ${message}`
  const indent = ' '.repeat(WIDEST_VERDICT + 4)
  return [head, ...fix.map((line) => `${indent}${line}`)]
}

function summary(wrong: number): string {
  if (wrong === 0) return 'Nothing is wrong.'
  return wrong === 1 ? 'One thing is wrong.' : `${wrong} things are wrong.`
}
