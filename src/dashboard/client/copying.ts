/** Buttons that copy: hidden until now, because they need a script. */
import { toast } from './toast.ts'

export function copying(): void {
  if (!navigator.clipboard) return
  showButtons(document)
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest('[data-copy]')
    if (!(button instanceof HTMLElement)) return
    void navigator.clipboard.writeText(button.dataset['copy'] ?? '').then(
      () => toast('Copied'),
      () => toast('The browser did not let us copy'),
    )
  })
}

/** For parts of a page that came later. */
export function showButtons(root: ParentNode): void {
  for (const button of root.querySelectorAll<HTMLElement>('[data-copy][hidden]')) {
    button.hidden = false
  }
}
