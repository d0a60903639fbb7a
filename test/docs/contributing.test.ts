/** Commands of the page for contributors work, and the other pages for them match the sources. */
import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { ROOT, codeSpans, readText, readme } from './texts.ts'

const page = readText('src/docs/contributing.md')

/** Lines of shell blocks. */
const lines = [readme, page].flatMap(({ text }) =>
  [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block]) => block!.trim().split('\n')),
)

async function run(argv: readonly string[]): Promise<{ code: number; out: string }> {
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: ROOT,
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const out = await new Response(child.stdout).text()
  return { code: await child.exited, out }
}

test('every script that is run is in the package file', () => {
  const texts = [...lines, ...[readme, page].flatMap(codeSpans)]
  const scripts = texts.flatMap((line) =>
    Array.from(line.matchAll(/\bbun(?:@\S+)? run ([a-z]+)/g), ([, name]) => name!),
  )
  expect(scripts.length).toBeGreaterThan(10)
  expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([])
})

test('every path that is named is there', () => {
  const spans = codeSpans(page).filter((span) => /^(src|test)\//.test(span))
  const typed = lines.flatMap((line) => line.match(/(?<= )(?:src|test)\/\S+/g) ?? [])
  const paths = [...spans, ...typed]
  expect(paths.length).toBeGreaterThan(15)
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('folders of tests mirror the sources, but for those that the table has', () => {
  const folders = (path: string) =>
    readdirSync(join(ROOT, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  const rows = Array.from(page.text.matchAll(/^\| (`test\/[^|]+) \|/gm), ([, cell]) => cell!)
  const shown = rows.flatMap((cell) => cell.match(/(?<=test\/)[a-z-]+/g)!)
  const own = folders('test').filter((name) => !folders('src').includes(name))
  expect(shown.toSorted()).toEqual(own.toSorted())
})

describe('the command that checks everything', () => {
  const steps = manifest.scripts.check.split(' && ')

  test('has the parts that are shown one by one', () => {
    const shown = /one by one:\n\n```sh\n([^]*?)```/.exec(page.text)![1]!.trim().split('\n')
    expect(steps).toEqual(['bun install --frozen-lockfile --silent', ...shown])
  })

  test.each([
    ['lint', ['run', 'lint']],
    ['format', ['run', 'format', '--check']],
  ])('%s passes', async (_name, argv) => {
    expect((await run(argv)).code).toBe(0)
  })
})

test('a single test is run as shown', async () => {
  const line = lines.find((one) => /^bun test .* -t /.test(one))!
  const [bun, ...argv] = line.split(' ')
  expect(bun).toBe('bun')
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: ROOT,
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const told = await new Response(child.stderr).text()
  expect(told).toMatch(/^ *[1-9]\d* pass$/m)
  expect(await child.exited).toBe(0)
})

test('benchmarks that are named exist, and so do their options', async () => {
  const { code, out } = await run(['run', 'bench', '--help'])
  expect(code).toBe(0)
  const calls = lines.filter((line) => line.startsWith('bun run bench'))
  const words = calls.flatMap((line) => line.split(' ').slice(3))
  const options = [...words, ...codeSpans(page)].filter((word) => word.startsWith('--'))
  // The others are of the formatter, and the commands of the server.
  const own = options.filter((option) => !/^--(check|port|log-level|frozen-lockfile)/.test(option))
  expect(own.length).toBeGreaterThan(3)
  expect(own.filter((option) => !out.includes(option.split(' ')[0]!))).toEqual([])
  const names = words.filter((word) => /^[a-z]/.test(word))
  expect(names.length).toBeGreaterThan(0)
  for (const name of names) expect(out).toMatch(new RegExp(`^  ${name}`, 'm'))
})

test('the newest version of the changelog is this one', () => {
  const { text } = readText('src/docs/changelog.md')
  const versions = Array.from(text.matchAll(/^## (\S+)$/gm), ([, version]) => version!)
  expect(versions[0]).toBe(manifest.version)
})

test('the README and the first page lead to every page', () => {
  const names = readdirSync(join(ROOT, 'src/docs')).filter((name) => name.endsWith('.md'))
  const first = readText('src/docs/index.md')
  const others = names.filter((name) => name !== 'index.md' && name !== 'errors.md')
  expect(others.length).toBeGreaterThan(20)
  expect(others.filter((name) => !readme.text.includes(`(src/docs/${name})`))).toEqual([])
  expect(others.filter((name) => !first.text.includes(`(${name})`))).toEqual([])
})

test('links of the files that hosts look for lead to files', () => {
  const names = ['.github/CONTRIBUTING.md', '.github/SECURITY.md']
  for (const name of names) {
    const links = [...readText(name).text.matchAll(/\]\(([^)#]+)/g)].map(([, href]) => href!)
    expect(links.length).toBeGreaterThan(0)
    const missing = links.filter((href) => !existsSync(join(ROOT, '.github', href)))
    expect([name, ...missing]).toEqual([name])
  }
})
