/** The process of the README's start command forwards signals to the server. */
import { afterAll, expect, test } from 'bun:test'
import { ROOT } from '../docs/texts.ts'
import { eventually } from '../support/client.ts'
import { temporaryFolder } from '../support/server.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

test.each(['SIGTERM', 'SIGINT'] as const)('%s to `bun start` stops the server', async (signal) => {
  const argv = ['start', '--json', '--host', '127.0.0.1', '--port', '0', '--data', folder.path]
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
  })
  let out = ''
  const reading = (async () => {
    for await (const chunk of child.stdout) out += new TextDecoder().decode(chunk)
  })()
  await eventually(() => out.includes('}'), 'the server listens', 15_000)
  const { port } = JSON.parse(out) as { port: number }
  child.kill(signal)
  await eventually(() => child.exitCode !== null, 'the command ends')
  expect(child.exitCode).toBe(0)
  // It ended last: the server that it started is not left behind.
  await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow()
  await reading
})
