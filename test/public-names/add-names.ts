/** Adds the names that there are now to the lists that hold them: `bun test/public-names/add-names.ts`. */
import { startTestServer } from '../support/server.ts'
import { KINDS, present, promise } from './collect.ts'

const server = await startTestServer({ sandbox: 'true' })
try {
  for (const kind of KINDS) await promise(kind, [...(await present(kind, server))])
} finally {
  await server.end()
}
