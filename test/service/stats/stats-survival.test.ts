/** Statistics outlive a server that is killed: what has been shown once is not forgotten. */
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { ServerProcess, runJson } from '../../cli/process.ts'
import { eventually } from '../../support/client.ts'
import { basic } from '../../support/sandbox-app.ts'
import { temporaryFolder } from '../../support/server.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => (folder = temporaryFolder()))
afterEach(() => folder.remove())

const ROUNDS = 3
const REQUESTS = 20

test('kill -9 loses nothing that was written', async () => {
  const data = ['--data', folder.path]
  const { key } = await runJson<{ key: string }>(['keys', 'add', ...data])
  let expected = 0
  for (let round = 0; round < ROUNDS; round++) {
    const server = await ServerProcess.start(data)
    try {
      const failed = await failures(server, key)
      expect(failed).toBe(expected)
      await Promise.all(Array.from({ length: REQUESTS }, () => stats(server, key, 'limit=0')))
      expected += REQUESTS
      await eventually(async () => (await failures(server, key)) === expected, 'all are counted')
      server.signal('SIGKILL')
    } finally {
      await server.end()
    }
  }
})

function stats(server: ServerProcess, key: string, query: string): Promise<Response> {
  return fetch(`${server.url}/stats?${query}`, { headers: { authorization: basic(key) } })
}

/** How many requests have failed this year, as the statistics tell it. */
async function failures(server: ServerProcess, key: string): Promise<number> {
  const response = await stats(server, key, 'unit=month')
  const months = (await response.json()) as { entries: Record<string, number> }[]
  return months.reduce((sum, { entries }) => sum + (entries['apiRequests.other.failed'] ?? 0), 0)
}
