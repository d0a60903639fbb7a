/** What a check of `doctor` found, in the form in which it is printed and given out as JSON. */

/** Only `wrong` makes the command fail; `skipped` says why something could not be looked at. */
export type Verdict = 'ok' | 'warning' | 'wrong' | 'skipped'

export interface Finding {
  /** What was looked at: `data folder`, `tls`, `upgrade`. */
  readonly check: string
  readonly verdict: Verdict
  /** One sentence; may quote what another server answered, never a query string. */
  readonly message: string
  /** The lines to change: commands, flags, or lines of the proxy's configuration. */
  readonly fix?: readonly string[]
}

/** Findings of one check, by verdict. */
export interface Reporter {
  ok(message: string): Finding
  skipped(message: string): Finding
  warning(message: string, fix?: readonly string[]): Finding
  wrong(message: string, fix?: readonly string[]): Finding
}

export function reporter(check: string): Reporter {
  const make = (verdict: Verdict, message: string, fix: readonly string[] = []): Finding =>
    fix.length === 0 ? { check, verdict, message } : { check, verdict, message, fix }
  return {
    ok: (message) => make('ok', message),
    skipped: (message) => make('skipped', message),
    warning: (message, fix) => make('warning', message, fix),
    wrong: (message, fix) => make('wrong', message, fix),
  }
}

/** The words of a system error; its code when it has one, because texts differ between platforms. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return code ?? error.message
}
