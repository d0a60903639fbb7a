/** The linter holds how code is written here: parameters, circles, barrel files and the length of files. */
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './support/server.ts'

const ROOT = join(import.meta.dir, '..')
const LINTER = join(ROOT, 'node_modules/.bin/oxlint')

/** Tables that are looked things up in, and not read from end to end. Nothing else may have an exception. */
const TABLES = new Set(['src/config.ts', 'src/failure-table.ts'])

interface Override {
  readonly files: readonly string[]
  readonly rules: Readonly<Record<string, unknown>>
}

interface LintConfig {
  readonly overrides: readonly Override[]
}

interface Finding {
  /** Such as `import/no-cycle`. */
  readonly rule: string
  readonly file: string
}

const config: LintConfig = JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8'))
const folder = temporaryFolder()
afterAll(() => folder.remove())

const exceptions = config.overrides.flatMap(({ files, rules }) =>
  Object.entries(rules)
    .filter(([, level]) => level === 'off')
    .flatMap(([rule]) => files.map((file) => ({ rule, file }))),
)

/** What the linter finds below a folder, by the rules of this repository without their exceptions. */
function lint(path: string): Finding[] {
  const strict = {
    ...config,
    overrides: config.overrides.filter(({ rules }) => !Object.values(rules).includes('off')),
  }
  const file = join(folder.path, 'strict.json')
  writeFileSync(file, JSON.stringify(strict))
  const { stdout } = Bun.spawnSync([LINTER, '--config', file, '--format', 'json', '.'], {
    cwd: path,
  })
  const { diagnostics } = JSON.parse(stdout.toString()) as {
    diagnostics: { code: string; filename: string }[]
  }
  return diagnostics.map(({ code, filename }) => ({
    rule: code.replace('(', '/').replace(')', ''),
    file: filename,
  }))
}

describe('exceptions from the rules of the linter', () => {
  const found = lint(ROOT)

  test.each(exceptions)('$file still needs one from $rule', ({ rule, file }) => {
    const pattern = new Bun.Glob(file)
    const broken = found.filter((one) => one.rule === rule && pattern.match(one.file))
    expect(broken.length).toBeGreaterThan(0)
  })

  test('are those of the two tables', () => {
    expect(exceptions.filter(({ file }) => !TABLES.has(file))).toEqual([])
  })
})

const SOURCES: readonly [rule: string, files: Readonly<Record<string, string>>][] = [
  [
    'import/no-cycle',
    {
      'hub.ts': `import type { Channel } from './channel.ts'\nexport interface Hub { readonly channels: readonly Channel[] }\n`,
      'channel.ts': `import type { Hub } from './hub.ts'\nexport interface Channel { readonly hub: Hub }\n`,
    },
  ],
  [
    'eslint/max-params',
    {
      'five.ts': `export function sum(a: number, b: number, c: number, d: number, e: number): number {\n  return a + b + c + d + e\n}\n`,
    },
  ],
  [
    'oxc/no-barrel-file',
    { 'barrel.ts': `export * from './one.ts'\n`, 'one.ts': `export const one = 1\n` },
  ],
  ['eslint/max-lines', { 'long.ts': `export const one = 1\n`.padEnd(500, '\n') }],
]

describe('the linter', () => {
  test.each(SOURCES)('refuses what breaks %s', (rule, files) => {
    const place = join(folder.path, rule.replace('/', '-'))
    mkdirSync(place)
    symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text)
    expect(lint(place).map((one) => one.rule)).toContain(rule)
  })
})
