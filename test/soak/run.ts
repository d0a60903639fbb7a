/**
 * Runs soak tests one after the other and shows what they measured:
 *
 *   bun test/soak/run.ts [names...] [--binary FILE]
 */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const ENDING = '.test.ts'
const NAMES = readdirSync(import.meta.dir)
  .filter((name) => name.endsWith(ENDING))
  .map((name) => name.slice(0, -ENDING.length))
  .toSorted()
const USAGE = `bun test/soak/run.ts [names...] [options]

  --binary FILE      an executable of "bun run build", in the place of this checkout
  --help

Names: ${NAMES.join(', ')}
`

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { binary: { type: 'string' }, help: { type: 'boolean' } },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const unknown = positionals.filter((name) => !NAMES.includes(name))
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')}\n\n${USAGE}`)
  const names = positionals.length === 0 ? NAMES : positionals
  const { binary } = values
  const environment =
    binary === undefined ? {} : { LATCHKEY_TEST_BINARY: await executable(resolve(binary)) }
  const files = names.map((name) => join(import.meta.dir, name + ENDING))
  const child = Bun.spawn([process.execPath, 'test', '--timeout', '20000', ...files], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return child.exited
}

/** @throws if it is not there, or cannot be run */
async function executable(path: string): Promise<string> {
  const { exitCode } = await Bun.$`${path} version`.quiet().nothrow()
  if (exitCode !== 0) throw new Error(`${path} cannot be run`)
  return path
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
