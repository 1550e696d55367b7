/** A style sheet, bundled with what it imports. */
declare module "*.css" {
  const text: string;
  export default text;
}
