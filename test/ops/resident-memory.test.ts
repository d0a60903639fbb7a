/** The memory of a process that may open no more files. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'

const SCRIPT = `
  const { openSync } = require('node:fs')
  const { residentBytes } = require('./src/ops/resident-memory.ts')
  const before = residentBytes()
  let why
  while (!why) try { openSync('/dev/null', 'r') } catch (error) { why = error.code }
  let bun = 'tells'
  try { process.memoryUsage.rss() } catch { bun = 'does not tell' }
  console.log(why, bun, before > 0 && residentBytes() === before)
`

test('keeps its last value if the system does not tell it any more', async () => {
  const child = Bun.spawn(
    ['sh', '-c', 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, SCRIPT],
    {
      cwd: join(import.meta.dir, '../..'),
      stdout: 'pipe',
    },
  )
  expect(await child.stdout.text()).toBe('EMFILE does not tell true\n')
})
