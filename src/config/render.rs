use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};

use super::problem::{Problem, Problems};
use super::source::Origin;
use crate::servers::mask;

impl Problems {
    /// Every problem with its line, as a compiler shows it, passwords masked; for a terminal that knows
    /// colours, or without.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let rendered: Vec<_> =
            self.sorted().into_iter().map(|problem| renderer.render(&[report(problem)])).collect();
        rendered.join("\n\n")
    }
}

fn report(problem: &Problem) -> Group<'_> {
    let primary = mark(AnnotationKind::Primary, &problem.origin, problem.label.as_deref());
    let mut place = snippet(&problem.origin).annotation(primary);
    let mut elsewhere = None;
    if let Some((origin, label)) = &problem.context {
        let context = mark(AnnotationKind::Context, origin, Some(label));
        if origin.source == problem.origin.source {
            place = place.annotation(context);
        } else {
            elsewhere = Some(snippet(origin).annotation(context));
        }
    }
    let help = problem.help.as_ref().map(|help| Level::HELP.message(normalize_untrusted_str(&mask(help))));
    let mut group = Level::ERROR.primary_title(mask(&problem.title)).element(place).elements(elsewhere);
    if let Some(help) = help {
        group = group.element(help);
    }
    group
}

fn snippet(origin: &Origin) -> Snippet<'_, Annotation<'_>> {
    Snippet::source(mask(&origin.source.text)).path(&origin.source.name)
}

fn mark<'a>(kind: AnnotationKind, origin: &Origin, label: Option<&'a str>) -> Annotation<'a> {
    // A value over several lines is marked by its first, which is what the eye looks for.
    let first_line = origin.text().lines().next().unwrap_or_default().trim_end().len();
    kind.span(origin.span.start..origin.span.start + first_line).label(label.map(mask))
}
