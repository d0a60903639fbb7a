/** A real headless Chromium for tests, driven by Node; one for all test files. */
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'

const USUAL_PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Folder of screenshots, for people to look at. */
export const SHOTS = join(tmpdir(), 'latchkey-shots')

interface Answer {
  readonly id: number
  readonly ok: boolean
  readonly value?: unknown
  readonly error?: string
}

class Driver {
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  readonly #ready = Promise.withResolvers<void>()
  #nextId = 1

  constructor(executable: string) {
    this.#child = Bun.spawn(['node', join(import.meta.dir, 'driver.mjs'), executable], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    })
    // The browser must not keep the test runner from ending, nor outlive it: it ends when its input does.
    this.#child.unref()
    void this.#read()
  }

  async ask(action: string, rest: object): Promise<unknown> {
    await this.#ready.promise
    const id = this.#nextId++
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.set(id, resolve)
    this.#child.stdin.write(`${JSON.stringify({ id, action, ...rest })}\n`)
    await this.#child.stdin.flush()
    const answer = await promise
    if (!answer.ok) throw new Error(answer.error)
    return answer.value
  }

  async #read(): Promise<void> {
    let text = ''
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop()!
      for (const line of lines) this.#take(line)
    }
    this.#ready.reject(new Error('the browser did not start'))
    for (const [id, resolve] of this.#waiting)
      resolve({ id, ok: false, error: 'the browser is gone' })
  }

  #take(line: string): void {
    if (line === 'ready') return this.#ready.resolve()
    const answer = JSON.parse(line) as Answer
    this.#waiting.get(answer.id)?.(answer)
    this.#waiting.delete(answer.id)
  }
}

let nextPage = 1

const FOCUSED = `(() => {
  const one = document.activeElement
  const label = one.labels?.[0]?.querySelector('span') ?? one.labels?.[0]
  return (one.getAttribute('aria-label') ?? label?.textContent ?? one.textContent ?? '').trim()
})()`

/** One page in a browser of its own. */
export class Tab {
  readonly #driver: Driver
  readonly #id = nextPage++

  constructor(driver: Driver) {
    this.#driver = driver
  }

  async open(options: BrowserContextOptions): Promise<this> {
    await this.#driver.ask('open', { page: this.#id, options })
    return this
  }

  /**
   * Does something with the page.
   * @param action is sent as text: it sees its arguments and nothing of what is around it
   */
  async do<T, A = undefined>(
    action: (page: Page, args: A) => Promise<T>,
    ...[args]: A extends undefined ? [] : [A]
  ): Promise<T> {
    return (await this.#driver.ask('run', { page: this.#id, code: String(action), args })) as T
  }

  go(url: string): Promise<number> {
    return this.do(async (page, to: string) => (await page.goto(to))?.status() ?? 0, url)
  }

  fill(label: string, text: string): Promise<void> {
    return this.do(
      (page, args: { label: string; text: string }) =>
        page.getByLabel(args.label, { exact: true }).fill(args.text),
      { label, text },
    )
  }

  press(name: string): Promise<void> {
    return this.do(
      (page, wanted: string) => page.getByRole('button', { name: wanted, exact: true }).click(),
      name,
    )
  }

  follow(name: string): Promise<void> {
    return this.do(
      (page, wanted: string) =>
        page.getByRole('link', { name: wanted, exact: true }).first().click(),
      name,
    )
  }

  /** Types as a person would, so that scripts hear each key. */
  type(label: string, text: string): Promise<void> {
    return this.do(
      async (page, args: { label: string; text: string }) => {
        const field = page.getByLabel(args.label, { exact: true })
        // A checkbox beside a field may have the same name.
        const place = (await field.count()) > 1 ? field.last() : field
        await place.fill('')
        await place.pressSequentially(args.text)
      },
      { label, text },
    )
  }

  check(label: string, isChecked = true): Promise<void> {
    return this.do(
      (page, args: { label: string; isChecked: boolean }) =>
        page.getByLabel(args.label).setChecked(args.isChecked),
      { label, isChecked },
    )
  }

  reload(): Promise<void> {
    return this.do(async (page) => void (await page.reload()))
  }

  /** Presses keys one after the other. */
  keys(...names: readonly string[]): Promise<void> {
    return this.do(async (page, wanted: readonly string[]) => {
      for (const name of wanted) await page.keyboard.press(name)
    }, names)
  }

  typeKeys(text: string): Promise<void> {
    return this.do((page, typed: string) => page.keyboard.type(typed), text)
  }

  /** The focused element, by its label or text. */
  focused(): Promise<string> {
    return this.do((page, script: string) => page.evaluate<string>(script), FOCUSED)
  }

  /** Presses Tab until this has the focus. */
  async tabTo(name: string): Promise<void> {
    for (let i = 0; i < 80; i++) {
      if ((await this.focused()) === name) return
      await this.keys('Tab')
    }
    throw new Error(`the tabulator does not reach ${name}`)
  }

  /** Waits for the page of that title. */
  heading(name: string): Promise<void> {
    return this.do(
      (page, wanted: string) =>
        page.getByRole('heading', { level: 1, name: wanted, exact: true }).waitFor(),
      name,
    )
  }

  /** Waits until the page says this somewhere. */
  sees(text: string): Promise<void> {
    return this.do((page, wanted: string) => page.getByText(wanted).first().waitFor(), text)
  }

  url(): Promise<string> {
    return this.do(async (page) => page.url())
  }

  /** The visible text of the page. */
  text(): Promise<string> {
    return this.do((page) => page.locator('body').innerText())
  }

  /**
   * Takes pictures of the page on phones and desks, light and dark.
   * @param path of the pictures, without what tells them apart
   * @returns where the page is wider than its window, or a table than its place, which they should be nowhere
   */
  looks(path: string): Promise<string[]> {
    mkdirSync(dirname(path), { recursive: true })
    return this.do(async (page, to: string) => {
      const tooWide: string[] = []
      for (const [width, colorScheme, isShot] of [
        [1280, 'light', true],
        [1280, 'dark', true],
        [390, 'dark', true],
        [390, 'light', true],
        [360, 'light', false],
      ] as const) {
        await page.setViewportSize({ width, height: 800 })
        // Otherwise the screenshot shows colours in transition.
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        const surplus = await page.evaluate<number>(`Math.max(...[
          document.documentElement,
          ...document.querySelectorAll('.table-wrap:not(.chart-table)'),
        ].map((one) => one.scrollWidth - one.clientWidth))`)
        if (surplus > 0) tooWide.push(`${surplus} pixels too wide for ${width}`)
        if (isShot)
          await page.screenshot({ path: `${to}-${width}-${colorScheme}.png`, fullPage: true })
      }
      return tooWide
    }, path)
  }

  /** Errors of scripts and of the console since it was asked last. */
  async faults(): Promise<string[]> {
    return (await this.#driver.ask('faults', { page: this.#id })) as string[]
  }

  async close(): Promise<void> {
    await this.#driver.ask('close', { page: this.#id })
  }
}

function findChromium(): string | undefined {
  const find = () => USUAL_PLACES.find((path) => existsSync(path))
  const found = find()
  if (found !== undefined || process.getuid?.() !== 0 || !Bun.which('apt-get')) return found
  // A fresh container knows no packages yet, and one that knows them need not ask again.
  if (!aptGet('install', '-y', '--no-install-recommends', 'chromium')) {
    aptGet('update')
    aptGet('install', '-y', '--no-install-recommends', 'chromium')
  }
  return find()
}

function aptGet(...argv: readonly string[]): boolean {
  const { success } = Bun.spawnSync(['apt-get', '-qq', ...argv], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    timeout: 120_000,
  })
  return success
}

const executable = Bun.which('node') ? findChromium() : undefined
/** Whether tests in a browser can run here. */
export const hasBrowser = executable !== undefined
if (!hasBrowser) {
  process.stderr.write('tests in a browser are skipped: they need node and Debian’s chromium\n')
}

let driver: Driver | undefined

/** @throws where there is no browser; tests ask `hasBrowser` before */
export function openTab(options: BrowserContextOptions = {}): Promise<Tab> {
  if (executable === undefined) throw new Error('no browser')
  driver ??= new Driver(executable)
  return new Tab(driver).open({ viewport: { width: 1280, height: 800 }, ...options })
}
