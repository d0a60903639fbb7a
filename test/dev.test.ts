/** `bun run dev`: the server starts again when its source changes, on the same data, and stops when it is told to. */
import { expect, test } from 'bun:test'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../package.json' with { type: 'json' }
import { eventually } from './support/client.ts'
import { temporaryFolder } from './support/server.ts'

const ROOT = join(import.meta.dir, '..')

/** Changes the modification time of a source, not its contents. */
function touch(path: string): void {
  const now = new Date()
  utimesSync(join(ROOT, path), now, now)
}

test('a change of any source starts the server again, and a signal ends it', async () => {
  const folder = temporaryFolder()
  const [bun, ...script] = manifest.scripts.dev.split(' ')
  expect(bun).toBe('bun')
  const child = Bun.spawn(
    [process.execPath, ...script, '--port', '0', '--data', folder.path, '--log-format', 'json'],
    { cwd: ROOT, env: {}, stdout: 'pipe', stderr: 'pipe' },
  )
  const starts: string[] = []
  const reading = (async () => {
    let out = ''
    const decoder = new TextDecoder()
    for await (const chunk of child.stdout) {
      out += decoder.decode(chunk, { stream: true })
      const lines = out.split('\n').filter((line) => line.includes('"listening"'))
      starts.splice(0, Infinity, ...lines.map((line) => /http:[^"]+/.exec(line)![0]))
    }
  })()
  try {
    await eventually(() => starts.length === 1, 'it listens')
    for (const [index, path] of ['src/docs/index.md', 'src/dashboard/styles/main.css'].entries()) {
      touch(path)
      await eventually(() => starts.length === index + 2, `it listens after a change of ${path}`)
    }
    expect((await fetch(`${starts.at(-1)}/health`)).status).toBe(200)
    await expect(fetch(`${starts[0]}/health`)).rejects.toThrow()
  } finally {
    child.kill('SIGTERM')
    expect(await child.exited).toBe(0)
    await reading
    folder.remove()
  }
})
