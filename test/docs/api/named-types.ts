import { resolve } from 'node:path';
import ts from 'typescript';

/** A type of ours that a public declaration names. */
export interface NamedType {
  readonly name: string;
  /** Where it is declared, as `ExportedName.home`. */
  readonly home: string;
}

/** The types of ours that users of an entry point meet: in its exports' signatures, members and bases. */
export function namedTypes(program: ts.Program, source: string): NamedType[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(resolve(source));
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${source} exports nothing`);
  const found = new Map<ts.Symbol, NamedType>();
  const note = (named: ts.Symbol | undefined) => {
    const symbol = named && unaliased(checker, named);
    const [declaration] = symbol?.declarations ?? [];
    if (symbol === undefined || declaration === undefined || !isTypeOfOurs(declaration)) return;
    found.set(symbol, { name: symbol.name, home: `${declaration.getSourceFile().fileName}#${symbol.name}` });
  };
  const visit = (node: ts.Node): void => {
    if (isHidden(node)) return;
    if (ts.isTypeReferenceNode(node)) note(checker.getSymbolAtLocation(node.typeName));
    if (ts.isExpressionWithTypeArguments(node)) note(checker.getSymbolAtLocation(node.expression));
    // Where no return type is written, the inferred one is what users see.
    if (ts.isFunctionDeclaration(node) && node.type === undefined) {
      const signature = checker.getSignatureFromDeclaration(node);
      if (signature !== undefined)
        note(signature.getReturnType().aliasSymbol ?? signature.getReturnType().symbol);
    }
    ts.forEachChild(node, visit);
  };
  for (const exported of checker.getExportsOfModule(module)) {
    for (const declaration of unaliased(checker, exported).declarations ?? []) visit(declaration);
  }
  return [...found.values()];
}

function unaliased(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function isTypeOfOurs(declaration: ts.Declaration): boolean {
  const named =
    ts.isInterfaceDeclaration(declaration) ||
    ts.isTypeAliasDeclaration(declaration) ||
    ts.isClassDeclaration(declaration);
  return named && declaration.getSourceFile().fileName.startsWith(resolve('src'));
}

/** What users do not see: bodies, values, private members, and what is marked internal. */
function isHidden(node: ts.Node): boolean {
  if (ts.isBlock(node) || (ts.isExpression(node) && !ts.isExpressionWithTypeArguments(node))) return true;
  if (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name)) return true;
  // The body's own signature, where others are declared above it.
  if (ts.isConstructorDeclaration(node) && node.body !== undefined && overloaded(node.parent)) return true;
  if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')) return true;
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)
  );
}

function overloaded({ members }: ts.ClassLikeDeclaration): boolean {
  return members.some((member) => ts.isConstructorDeclaration(member) && member.body === undefined);
}
