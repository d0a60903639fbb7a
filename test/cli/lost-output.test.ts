/** A command whose output goes nowhere says so and fails: somebody may have lost the only sight of a secret. */
import { afterAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../support/client.ts'
import { MAIN, temporaryFolder } from '../support/server.ts'
import { run } from './process.ts'

const folder = temporaryFolder()
const data = join(folder.path, 'data')
afterAll(() => folder.remove())

const hasFullDevice = existsSync('/dev/full')
if (!hasFullDevice) console.log('skipped: there is no /dev/full')

async function shell(script: string): Promise<{ readonly code: number; readonly err: string }> {
  const child = Bun.spawn(['bash', '-c', `set -o pipefail; ${script}`], {
    env: { PATH: process.env['PATH'] ?? '', LATCHKEY_DATA: data },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const err = await new Response(child.stderr).text()
  return { code: await child.exited, err }
}

const latchkey = `${process.execPath} ${MAIN}`
const LOST = 'latchkey: what it printed is lost: '

test
  .skipIf(!hasFullDevice)
  .each([
    'keys add --name lost',
    'keys list',
    'accounts reset',
    'config show',
    'version',
    '--help',
    'keys add --help',
  ])('%s', async (command) => {
  const { code, err } = await shell(`${latchkey} ${command} > /dev/full`)
  expect({ code, err }).toEqual({ code: 1, err: `${LOST}the disk is full\n` })
})

test.skipIf(!hasFullDevice)('with --json the complaint is JSON too', async () => {
  const { code, err } = await shell(`${latchkey} accounts list --json > /dev/full`)
  expect(code).toBe(1)
  expect(JSON.parse(err)).toEqual({ error: 'what it printed is lost: the disk is full' })
})

test.skipIf(!hasFullDevice)('what the command did is kept', async () => {
  await shell(`${latchkey} keys add --name kept > /dev/full`)
  expect((await run(['keys', 'list', '--data', data])).out).toContain('kept')
})

test('doctor ends without a stack when its reader goes away', async () => {
  // Nobody listens at this address, so every check would take long.
  const { code, err } = await shell(`${latchkey} doctor http://127.0.0.1:1 | true`)
  expect({ code, err }).toEqual({ code: 1, err: `${LOST}whoever read it has gone\n` })
})

test('a long list is written whole before the command ends', async () => {
  const { code, err } = await shell(
    `[ "$(${latchkey} --help | (sleep 0.3; wc -c))" = "$(${latchkey} --help | wc -c)" ]`,
  )
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

test('a server keeps running and stops cleanly when nobody reads its output', async () => {
  const argv = ['serve', '--json', '--host', '127.0.0.1', '--port', '0', '--data', data]
  const child = Bun.spawn([process.execPath, MAIN, ...argv], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const reader = child.stdout.getReader()
  let out = ''
  while (!out.includes('}')) out += new TextDecoder().decode((await reader.read()).value)
  await reader.cancel()
  const { port } = JSON.parse(out) as { port: number }
  const status = async () => (await fetch(`http://127.0.0.1:${port}/c/nobody`)).status
  // Each is refused, and that is logged.
  for (let i = 0; i < 3; i++) expect(await status()).toBe(426)
  child.kill('SIGTERM')
  await eventually(() => child.exitCode !== null, 'the server ends')
  expect(child.exitCode).toBe(0)
  expect(await new Response(child.stderr).text()).toBe('')
})
