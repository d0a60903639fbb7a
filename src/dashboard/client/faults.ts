/** What was wrong with a field is said until somebody changes it. */
export function faults(): void {
  document.addEventListener('input', ({ target }) => {
    if (!(target instanceof HTMLElement) || target.getAttribute('aria-invalid') !== 'true') return
    target.removeAttribute('aria-invalid')
    const said = document.getElementById(`${target.id}-fault`)
    if (said) said.hidden = true
  })
}
