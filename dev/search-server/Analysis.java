package searchserver;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.TruncateTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.apache.lucene.analysis.pattern.PatternTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/**
 * The tokenizer {@code pattern} and the filter {@code truncate}, by the same classes of Lucene as in Elasticsearch's own module;
 * and what the server's own index of API keys names.
 */
public class Analysis extends Plugin implements AnalysisPlugin {
    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of(
                "pattern", (index, environment, name, settings) -> {
                    Pattern pattern = Pattern.compile(settings.get("pattern", "\\W+"));
                    int group = settings.getAsInt("group", -1);
                    return TokenizerFactory.newFactory(name, () -> new PatternTokenizer(pattern, group));
                },
                "uax_url_email", (index, environment, name, settings) -> TokenizerFactory.newFactory(name, UAX29URLEmailTokenizer::new));
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
                "truncate", AnalysisPlugin.requiresAnalysisSettings((index, environment, name, settings) -> {
                    int length = settings.getAsInt("length", -1);
                    return filter(name, tokens -> new TruncateTokenFilter(tokens, length));
                }),
                "pattern_capture", AnalysisPlugin.requiresAnalysisSettings((index, environment, name, settings) -> {
                    List<String> patterns = settings.getAsList("patterns");
                    boolean keep = settings.getAsBoolean("preserve_original", true);
                    Pattern[] compiled = patterns.stream().map(Pattern::compile).toArray(Pattern[]::new);
                    return filter(name, tokens -> new PatternCaptureGroupTokenFilter(tokens, keep, compiled));
                }),
                "unique", (index, environment, name, settings) -> filter(name, RemoveDuplicatesTokenFilter::new));
    }

    private static TokenFilterFactory filter(String name, UnaryOperator<TokenStream> create) {
        return new TokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream tokens) {
                return create.apply(tokens);
            }
        };
    }
}
