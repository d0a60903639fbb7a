/** Where a running server can be reached by the command line of the same machine and user. */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Longer addresses do not fit the system's socket structure (107 bytes on Linux, 103 on macOS). */
const MAX_PATH_BYTES = 100

/** In the data folder; for a folder too deep for that, under a name made of its path. */
export function controlSocketPath(folder: string): string {
  const path = join(folder, 'control.sock')
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 32)
  return join(tmpdir(), `latchkey-${name}.sock`)
}
