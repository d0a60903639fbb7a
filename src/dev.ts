/**
 * Runs the server from its source, and starts it again whenever a file below `src` changes, those of the dashboard's
 * scripts and styles included: `bun run dev [options of serve]`. The data folder stays, and clients come back.
 */
import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'

/** Editors write a file in several steps, and a checkout writes many files. */
const QUIET_MS = 100

const MAIN = join(import.meta.dir, 'main.ts')

class Restarting {
  readonly #options: readonly string[]
  readonly #watcher: FSWatcher
  #child: Bun.Subprocess | undefined
  #timer: Timer | undefined
  #isStopping = false

  constructor(options: readonly string[]) {
    this.#options = options
    this.#watcher = watch(import.meta.dir, { recursive: true }, () => this.#onChange())
    process.on('SIGINT', () => this.#stop('SIGINT'))
    process.on('SIGTERM', () => this.#stop('SIGTERM'))
    this.#start()
  }

  #start(): void {
    const child = Bun.spawn([process.execPath, MAIN, 'serve', ...this.#options], {
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
    })
    this.#child = child
    void child.exited.then((code) => this.#ended(child, code))
  }

  #onChange(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#restart(), QUIET_MS)
  }

  async #restart(): Promise<void> {
    const before = this.#child
    this.#child = undefined
    before?.kill('SIGTERM')
    await before?.exited
    // Meanwhile another change may have started it, or somebody may have ended it all.
    if (this.#child === undefined && !this.#isStopping) this.#start()
  }

  /** What stops by itself, over a fault in the source or a wrong option, is tried again after the next change. */
  #ended(child: Bun.Subprocess, code: number): void {
    if (this.#isStopping) process.exitCode = code
    else if (this.#child === child) process.stderr.write('Waiting for a change of the source.\n')
  }

  /** A terminal itself sends Ctrl-C to the server too, which would take another one for the wish to stop at once. */
  #stop(signal: 'SIGINT' | 'SIGTERM'): void {
    this.#isStopping = true
    clearTimeout(this.#timer)
    this.#watcher.close()
    if (signal === 'SIGTERM' || !process.stdin.isTTY) this.#child?.kill(signal)
  }
}

void new Restarting(Bun.argv.slice(2))
