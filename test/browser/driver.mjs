/**
 * Drives a browser for tests that run elsewhere: reads one JSON line for each thing to do, answers with one.
 * It is run by Node, because launching a browser from Bun hangs on some platforms.
 */
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const AsyncFunction = (async () => {}).constructor
const browser = await chromium.launch({
  executablePath: process.argv[2],
  // In a container there is no user who could have a sandbox.
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})
const pages = new Map()

/** Opens a page in a browser of its own, so that no two tests share cookies. */
async function open({ page: id, options }) {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  pages.set(id, { page, context, faults })
}

const actions = {
  open,
  run: ({ page: id, code, args }) => {
    const { page } = pages.get(id)
    return new AsyncFunction('page', 'args', `return (${code})(page, args)`)(page, args)
  },
  faults: ({ page: id }) => pages.get(id).faults.splice(0),
  close: async ({ page: id }) => {
    await pages.get(id)?.context.close()
    pages.delete(id)
  },
}

process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  const { id, action, ...rest } = JSON.parse(line)
  void Promise.resolve()
    .then(() => actions[action](rest))
    .then(
      (value) => ({ id, ok: true, value }),
      (error) => ({ id, ok: false, error: String(error?.message ?? error) }),
    )
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`))
}
await browser.close()
