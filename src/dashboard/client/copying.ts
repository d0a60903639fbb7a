/** Buttons that copy: hidden until now, because they need a script. */
import { toast } from './toast.ts'

export function copying(): void {
  if (!navigator.clipboard) return
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest('[data-copy]')
    if (!(button instanceof HTMLElement)) return
    void navigator.clipboard.writeText(button.dataset['copy'] ?? '').then(
      () => toast('Copied'),
      () => toast('The browser did not let us copy'),
    )
  })
}

/** Only where the browser lets us copy. */
export function showButtons(root: ParentNode): void {
  if (!navigator.clipboard) return
  for (const button of root.querySelectorAll<HTMLElement>('[data-copy][hidden]')) {
    button.hidden = false
  }
}
