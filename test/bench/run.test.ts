/** The benchmarks as programs: one goes from end to end, without a word on what it measures. */
import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')

async function run(...options: readonly string[]) {
  const child = Bun.spawn([process.execPath, 'test/bench/run.ts', ...options], {
    cwd: ROOT,
    stderr: 'pipe',
  })
  const output = await new Response(child.stdout).text()
  const complaint = await new Response(child.stderr).text()
  return { code: await child.exited, output, complaint }
}

test.skipIf(!existsSync('/proc/self/stat'))(
  'compares a checkout with itself and exits with 0',
  async () => {
    const { code, output } = await run('publish-to-nobody-itty', '--quick', '--against', '.')
    const rows = output
      .split('\n')
      .filter((line) => />= 0\.97 of the other \(\d+\.\d\d\)/.test(line))
    expect(rows.map((row) => /^ *(.+?) {2}/.exec(row)?.[1])).toEqual([
      'k publishes/s',
      'server CPU s per million',
      'bytes allocated per publish',
    ])
    expect(output).toContain('this checkout')
    expect(output).toContain('checkout in .')
    expect(code).toBe(0)
  },
  30_000,
)

test('refuses a folder that is no checkout', async () => {
  expect(await run('policy', '--against', 'test')).toEqual({
    code: 2,
    output: '',
    complaint: 'there is no checkout in "test"\n',
  })
})
